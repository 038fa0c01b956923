/* Ends the process instead of answering. */
#include <stdlib.h>
#include "mortise/abi/module.h"
static mortise_status crashes(void* self, mortise_error* error) {
  (void)self, (void)error;
  abort();
}
#define START crashes
#include "promise.h"
