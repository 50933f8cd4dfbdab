"""What only this installation can write: signatures under approvals, and fingerprints that tell nothing of a secret."""

import hmac

import orjson
from django.utils.crypto import salted_hmac

from scaffolder.approvals.models import Approval


def fingerprint(run_id: object, data: bytes | str) -> str:
    """A digest that tells whether two values of a run are the same, and nothing else: keyed, and salted by the run."""
    text = data.encode() if isinstance(data, str) else data
    return salted_hmac(f"scaffolder.plan:{run_id}", text, algorithm="sha256").hexdigest()


def signature(approval: Approval, run_id: object) -> str:
    """Over everything that an approval says: the run, the plan, the person, their roles, from when to when."""
    said = {
        "run": str(run_id),
        "digest": approval.digest,
        "actor": approval.actor,
        "roles": approval.roles,
        "at": approval.at.isoformat(),
        "expires": approval.expires_at.isoformat(),
    }
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return salted_hmac("scaffolder.approval", text, algorithm="sha256").hexdigest()


def is_genuine(approval: Approval, run_id: object) -> bool:
    """Whether this installation signed the approval as it stands."""
    return hmac.compare_digest(approval.signature, signature(approval, run_id))
