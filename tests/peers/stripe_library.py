"""Stripe's own library (PyPI stripe) in front of the stand-in, and as the one that signs: run by the Python of build/stripe.

    python stripe_library.py sign SECRET BODY            prints the header Stripe-Signature
    python stripe_library.py verify SECRET HEADER BODY   ends with 0 if the library takes it
    python stripe_library.py checkout BASE KEY JSON      makes a checkout session with these parameters; prints its url
    python stripe_library.py portal BASE KEY JSON        the same of a portal session
    python stripe_library.py subscription BASE KEY ID    prints status and price of a subscription"""
import json
import sys
import time

import stripe


def client(base, key):
    return stripe.StripeClient(key, base_addresses={"api": base}, max_network_retries=0)


def main(what, *arguments):
    if what == "sign":
        at = int(time.time())
        return print(f"t={at},v1=" + stripe.WebhookSignature._compute_signature(f"{at}.{arguments[1]}", arguments[0]))
    if what == "verify":
        return stripe.Webhook.construct_event(arguments[2], arguments[1], arguments[0])
    api = client(arguments[0], arguments[1]).v1
    if what == "checkout":
        return print(api.checkout.sessions.create(json.loads(arguments[2])).url)
    if what == "portal":
        return print(api.billing_portal.sessions.create(json.loads(arguments[2])).url)
    found = api.subscriptions.retrieve(arguments[2])
    return print(found.status, found["items"]["data"][0]["price"]["id"])


if __name__ == "__main__":
    main(*sys.argv[1:])
