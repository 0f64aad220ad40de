"""A worker's sender as a process of its own, which stops dead between sending and noting that it sent.

``python -m tests.services.webhook_process DATABASE_URL NOW``
"""

from __future__ import annotations

import sys
import time

from provenance.services.webhook_delivery import WebhookDelivery
from tests.services.registration_world import SettableClock, make_context
from tests.services.webhook_world import QUICK


def main(url: str, now: str) -> None:
    def hook(point: str) -> None:
        print(point, flush=True)
        time.sleep(600)

    context = make_context(url, clock=SettableClock(int(now)))
    delivery = WebhookDelivery(context, private_networks=True, bounds=QUICK, hook=hook)
    delivery.beat()
    delivery.settle()


if __name__ == "__main__":
    main(*sys.argv[1:])
