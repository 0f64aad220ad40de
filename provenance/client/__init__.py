"""The service's own API from a program: ``ProvenanceClient(url, token)``, errors as the project's tree."""

from __future__ import annotations

from provenance.client.api import ProvenanceClient
from provenance.client.batches import StagedBatch
from provenance.client.transport import Transport

__all__ = ["ProvenanceClient", "StagedBatch", "Transport"]
