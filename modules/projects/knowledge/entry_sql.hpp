// Conditions on entries that several statements share.
#pragma once

// Neither dismissed nor replaced by another.
#define PROJECTS_LIVE "dismissed = 0 AND freshness_class <> 'superseded'"
// Not in the document yet, and fresh enough for it. The index of claims that wait has the same words.
#define PROJECTS_WAITING \
  "compiled_at IS NULL AND dismissed = 0 AND freshness_class IN ('current', 'aging') AND superseded_by IS NULL"
// What a compilation takes.
#define PROJECTS_PENDING "claim_class = 'claim' AND " PROJECTS_WAITING
// What a compilation makes claims of.
#define PROJECTS_PROMOTABLE \
  "claim_class = 'evidence' AND by_reader = 0 AND confidence >= 0.5 AND content_length >= 30 AND " PROJECTS_LIVE
