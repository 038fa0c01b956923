/* create() fails without a reason. */
#include "mortise/abi/module.h"
static mortise_status fails(mortise_host* host, void** self, mortise_error* error) {
  (void)host, (void)self, (void)error;
  return MORTISE_UNAVAILABLE;
}
#define CREATE fails
#include "promise.h"
