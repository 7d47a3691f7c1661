"""What every backend must do. Each function is one case; its name says what holds."""

import time
import uuid

from forged import changed

COOLDOWN = 10


def refused(answer, code=None):
    """Told in the way of RFC 6750 that the token is no good."""
    status, why, body = answer
    assert status == 401, answer
    assert why and why.startswith("Bearer") and 'error="invalid_token"' in why, answer
    assert code is None or body.get("code") == code, answer


def accepted(answer, user):
    status, _, body = answer
    assert (status, body) == (200, {"user": user}), (answer, user)


def soon(within, look):
    """Looks again until nothing is wrong, for so many seconds."""
    deadline = time.monotonic() + within
    while True:
        try:
            return look()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def without_keys_it_is_unavailable_and_says_nothing_about_the_token(backend, world):
    backend.between.cut = True
    status, _, _ = backend.ask("/orders", world.login["access_token"])
    assert status in (500, 503), status
    backend.between.cut = False
    soon(2 * COOLDOWN, lambda: accepted(backend.ask("/orders", world.login["access_token"]), world.login["user"]["id"]))


def a_token_is_accepted_many_times_with_one_key_set(backend, world):
    token, user = world.login["access_token"], world.login["user"]["id"]
    before = backend.between.fetches
    for _ in range(30):
        accepted(backend.ask("/orders", token), user)
    accepted(backend.ask("/orders", token, scheme="bearer"), user)
    assert backend.between.fetches == before, backend.between.fetches - before


def without_a_token_nothing_is_said_to_be_wrong_with_it(backend, _):
    for path in ("/orders", "/payments"):
        status, why, _ = backend.ask(path)
        assert status == 401 and why.startswith("Bearer") and "error=" not in why, (path, status, why)


def a_changed_token_is_refused(backend, world):
    for part in range(3):
        refused(backend.ask("/orders", changed(world.login["access_token"], part)))


def nonsense_is_refused(backend, _):
    for token in ("nonsense", "a.b.c", "..", "e30.e30.", "x" * 3000, f"{'e30' * 300}.e30.e30"):
        refused(backend.ask("/orders", token))


def a_token_without_signature_is_refused(backend, world):
    for algorithm in ("none", "None", "NONE"):
        head = {"alg": algorithm}
        token = world.forger.token(head)
        refused(backend.ask("/orders", token))
        refused(backend.ask("/orders", token.rsplit(".", 1)[0] + "."))


def the_public_key_is_no_shared_secret(backend, world):
    refused(backend.ask("/orders", world.forger.token({"alg": "HS256"})))


def an_expired_token_is_refused(backend, world):
    refused(backend.ask("/orders", world.expired))


def a_token_for_another_audience_is_refused(backend, world):
    refused(backend.ask("/orders", world.other_audience))


def whoever_still_owes_a_phone_number_is_refused(backend, world):
    refused(backend.ask("/orders", world.onboarding))


def a_token_of_another_issuer_is_refused(backend, world):
    refused(backend.ask("/orders", world.other_issuer))


def only_the_right_token_of_the_right_key_is_accepted(backend, world):
    """The key of the test is in the set: so what is refused is refused for the one thing that is wrong with it."""
    forge = world.forger.token
    user = str(uuid.uuid4())
    look = lambda: accepted(backend.ask("/orders", forge(sub=user)), user)
    soon(2 * COOLDOWN, look)
    now = int(time.time())
    wrong = {
        "typ": forge({"typ": "JWT"}),
        "no typ": forge({"typ": None}),
        "typ of another kind": forge({"typ": "logout+jwt"}),
        "crit": forge({"crit": ["exp"]}),
        "unknown crit": forge({"crit": ["x"], "x": 1}),
        "no exp": forge(exp=None),
        "exp as text": forge(exp="never"),
        "expired": forge(exp=now - 60),
        "not yet": forge(nbf=now + 600),
        "no sub": forge(sub=None),
        "no aud": forge(aud=None),
        "aud": forge(aud="menshen:onboarding"),
        "no iss": forge(iss=None),
        "iss": forge(iss="https://example.com"),
        "kid of nobody": forge({"kid": "nobody"}),
    }
    for name, token in wrong.items():
        try:
            refused(backend.ask("/orders", token))
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None


def made_up_keys_cost_one_fetch_at_most_in_ten_seconds(backend, world):
    before, since = backend.between.fetches, time.monotonic()
    for number in range(40):
        refused(backend.ask("/orders", world.forger.token({"kid": f"made-up-{number}"})))
    allowed = 1 + (time.monotonic() - since) // COOLDOWN + 1
    assert backend.between.fetches - before <= allowed, backend.between.fetches - before


def a_sign_out_is_seen_at_once_where_menshen_is_asked(backend, world):
    login = world.menshen.sign_in()
    token, user = login["access_token"], login["user"]["id"]
    accepted(backend.ask("/payments", token), user)
    world.menshen.sign_out(token)
    refused(backend.ask("/payments", token), "session_revoked")
    # The other route asks nobody: it sees the end when the token expires.
    accepted(backend.ask("/orders", token), user)


def while_menshen_is_away_tokens_are_checked_and_nothing_that_needs_an_answer_goes_through(backend, world):
    token, user = world.login["access_token"], world.login["user"]["id"]
    backend.between.cut = True
    try:
        accepted(backend.ask("/orders", token), user)
        status, _, _ = backend.ask("/payments", token)
        assert status == 503, status
    finally:
        backend.between.cut = False


def after_a_rotation_the_new_key_is_found(backend, world):
    login = world.after_rotation
    soon(3 * COOLDOWN, lambda: accepted(backend.ask("/orders", login["access_token"]), login["user"]["id"]))


def after_a_rotation_the_dropped_key_is_worth_nothing(backend, world):
    soon(3 * COOLDOWN, lambda: refused(backend.ask("/orders", world.login["access_token"])))


AFTER_A_ROTATION = (after_a_rotation_the_new_key_is_found, after_a_rotation_the_dropped_key_is_worth_nothing)
BEFORE = (
    without_keys_it_is_unavailable_and_says_nothing_about_the_token,
    a_token_is_accepted_many_times_with_one_key_set,
    without_a_token_nothing_is_said_to_be_wrong_with_it,
    a_changed_token_is_refused,
    nonsense_is_refused,
    a_token_without_signature_is_refused,
    the_public_key_is_no_shared_secret,
    an_expired_token_is_refused,
    a_token_for_another_audience_is_refused,
    whoever_still_owes_a_phone_number_is_refused,
    a_token_of_another_issuer_is_refused,
    only_the_right_token_of_the_right_key_is_accepted,
    made_up_keys_cost_one_fetch_at_most_in_ten_seconds,
    a_sign_out_is_seen_at_once_where_menshen_is_asked,
    while_menshen_is_away_tokens_are_checked_and_nothing_that_needs_an_answer_goes_through,
)
