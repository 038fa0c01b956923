/* create() fails with a reason. */
#include <string.h>
#include "mortise/abi/module.h"
static mortise_status fails(mortise_host* host, void** self, mortise_error* error) {
  (void)host, (void)self;
  strcpy(error->code, "no_model");
  strcpy(error->text, "the model file is missing");
  return MORTISE_NOT_FOUND;
}
#define CREATE fails
#include "promise.h"
