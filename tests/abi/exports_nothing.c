/* A library like any other. */
static int unused_number __attribute__((used)) = 7;
