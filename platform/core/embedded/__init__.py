"""PostgreSQL and Redis of Greenroom's own, from Python wheels, for everybody who names no server of theirs.

Two halves. Addresses are computed from the data folder and start nothing, so settings may ask for them:
`postgres_url`, `redis_url`, `broker_url`; `broker_for` turns any REDIS_URL into a broker's. `running`
starts what is not running yet, for a command or a test.
"""

from core.embedded.postgres import url as postgres_url
from core.embedded.redis import broker_for, broker_url
from core.embedded.redis import url as redis_url
from core.embedded.servers import Servers, running

__all__ = ["Servers", "broker_for", "broker_url", "postgres_url", "redis_url", "running"]
