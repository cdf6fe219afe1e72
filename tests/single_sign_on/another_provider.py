"""An OpenID Connect provider of another make for the tests: oidc-provider-mock, which is Authlib's, on this machine.

Run as ``python -W ignore -m tests.single_sign_on.another_provider PORT PEOPLE``, where PEOPLE (JSON) is whom it knows, by
its name for each, with what it claims of them. It asks nobody for a password: whoever is named is signed in there.
"""

from __future__ import annotations

import json
import sys
from threading import Event


def main() -> None:
    """Serve until stopped; say so when ready."""
    from oidc_provider_mock import User, run_server_in_thread

    people = [User(sub=sub, claims=claims) for sub, claims in json.loads(sys.argv[2]).items()]
    with run_server_in_thread(port=int(sys.argv[1]), user_claims=people):
        print("ready", flush=True)
        Event().wait()


if __name__ == "__main__":
    main()
