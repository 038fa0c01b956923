/* Has a section for a database that no kernel knows. */
#define MANIFEST \
  "{\"mortise_manifest\":1,\"module\":{\"name\":\"sectioned\",\"version\":\"1.0.0\",\"sdk\":\"1.0\"},\"contracts\":" \
  "[" OPERATION("hello") \
  "],\"migrations\":[{\"number\":1,\"name\":\"001_things.sql\",\"sql\":\"-- mortise:sqlite\\nCREATE TABLE sectioned_things (id TEXT);\\n-- mortise:mysql\\nSELECT 1;\"}]}"
#include "promise.h"
