/* Keeps every promise. */
#include "promise.h"
