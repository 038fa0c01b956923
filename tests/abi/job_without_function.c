/* Its manifest has a job that the code does not have. */
#include "mortise/abi/module.h"
static mortise_status run(void* self, mortise_str job, mortise_run* run_of_it, mortise_error* error) {
  (void)self, (void)job, (void)run_of_it, (void)error;
  return MORTISE_OK;
}
#define RUN_JOB run
#define MANIFEST                                                                                       \
  MANIFEST_OF("tested", ",\"jobs\":{\"sweep\":{\"help\":\"h\",\"trigger\":{\"cron\":\"0 3 * * *\"}}}", \
              OPERATION("hello"))
#include "promise.h"
