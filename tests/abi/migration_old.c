/* One module in two versions: the old one. The new one changes a migration instead of adding one. */
#define MANIFEST \
  "{\"mortise_manifest\":1,\"module\":{\"name\":\"migrated\",\"version\":\"1.0.0\",\"sdk\":\"1.0\"},\"contracts\":" \
  "[" OPERATION("hello") \
  "],\"migrations\":[{\"number\":1,\"name\":\"001_things.sql\",\"sql\":\"CREATE TABLE migrated_things (id TEXT);\"}]}"
#include "promise.h"
