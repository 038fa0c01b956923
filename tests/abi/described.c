/* Says much about itself; never to be loaded. */
#include <stdlib.h>
#define MANIFEST                                                                                                \
  MANIFEST_OF("described",                                                                                      \
              ",\"needs\":[\"log/1\",\"jobs/1\"],\"optional\":[\"mail/1\"],"                                    \
              "\"options\":{\"zone\":{\"type\":\"string\",\"default\":\"UTC\",\"help\":\"Zone of the clock\"}," \
              "\"token\":{\"help\":\"For the moon\",\"default\":\"hunter2\",\"secret\":true}},"                 \
              "\"permissions\":{\"described.view\":{\"help\":\"See it\",\"roles\":[\"user\",\"admin\"]}},"      \
              "\"features\":{\"team_notes\":{\"tier\":\"team\",\"help\":\"Shared notes\"}},"                    \
              "\"jobs\":{\"sweep\":{\"help\":\"Sweep\",\"trigger\":{\"cron\":\"0 3 * * *\"}}}",                 \
              OPERATION("hello"))
#include "promise.h"
__attribute__((constructor)) static void runs_when_loaded(void) { abort(); }
