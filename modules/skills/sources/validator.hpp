// What a fetch leaves behind so that the next one can ask whether anything changed.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace skills {

struct Validator {
  std::string kind;                          // which way of fetching wrote it
  std::string source;                        // what was fetched
  std::map<std::string, std::string> etags;  // path -> ETag

  // Empty when an ETag is missing or all together are too long: then nothing is known next time.
  std::string toText() const;
  // Whatever is not such a text, of this kind and this source, is no validator: nothing is known.
  static Validator parse(std::string_view text, std::string_view kind, std::string_view source);
};

}  // namespace skills
