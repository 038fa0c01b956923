#include "views.hpp"

namespace files {

namespace json = mortise::json;

json::Value fileInfo(const StoredFile& file, const std::string& filepath) {
  return json::object({{"id", file.id},
                       {"filename", file.filename},
                       {"filepath", filepath},
                       {"key", file.key},
                       {"extension", file.extension},
                       {"mime_type", file.mimeType},
                       {"size", file.size},
                       {"user_id", file.ownerId}});
}

}  // namespace files
