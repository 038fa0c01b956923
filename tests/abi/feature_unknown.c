/* Needs a feature that no module declares: its operation would refuse every caller. */
#define MANIFEST                                                                                                    \
  MANIFEST_OF("feature_unknown", ",\"features\":{\"team_notes\":{\"tier\":\"team\",\"help\":\"Shared notes\"}}",    \
              "{\"file\":\"contracts/test.yaml\",\"lines\":{\"hello\":12},\"document\":{\"openapi\":\"3.0.3\","     \
              "\"info\":{\"title\":\"T\",\"version\":\"1\"},\"x-mortise-dialect\":\"problem\",\"paths\":{"          \
              "\"/api/test/hello\":{\"get\":{\"operationId\":\"hello\",\"x-mortise-permission\":\"authenticated\"," \
              "\"x-mortise-feature\":\"teem_notes\",\"responses\":{\"200\":{\"description\":\"fine\"}}}}}}}")
#include "promise.h"
