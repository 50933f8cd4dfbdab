"""When the bells ring, and the queue that carries them: what beat and the worker have to agree about."""

SCHEDULE = {"sweep": {"task": "core.sweep", "schedule": 5.0, "options": {"expires": 5.0}}}
QUEUE = "greenroom"
TRANSPORT = {"visibility_timeout": 3600, "socket_timeout": 5, "socket_connect_timeout": 5}
