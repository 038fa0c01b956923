/* Says that its descriptor ends before the functions. */
#define STRUCT_SIZE 16
#include "promise.h"
