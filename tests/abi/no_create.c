/* Leaves a required function out. */
#define CREATE NULL
#include "promise.h"
