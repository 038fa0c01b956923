/* Comes up, but can't begin; its state must be freed. */
#include <stdio.h>
#include "mortise/abi/module.h"
static mortise_status fails(void* self, mortise_error* error) {
  (void)self;
  snprintf(error->text, sizeof error->text, "port 9 is taken");
  return MORTISE_UNAVAILABLE;
}
#define START fails
#include "promise.h"
