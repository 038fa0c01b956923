// Names, types and object names out of arbitrary bytes: whatever comes out must keep the promises of its header.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../content_type.hpp"
#include "../file_name.hpp"
#include "../object_name.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto name = files::safeName(text);
  require(!name.empty() && name.size() <= 255 && name != "." && name != "..");
  for (const char c : name) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '/' && c != '\\');
  require(files::safeName(name) == name);  // nothing is left to mend
  const auto extension = files::extensionOf(name);
  require(extension.empty() || (extension.size() >= 2 && extension.size() <= 17 && name.ends_with(extension)));

  if (files::isContentType(text)) {
    require(text.size() <= 255 && text.find_first_of("\r\n") == std::string_view::npos);
    require(files::isAllowed(text, {"*/*"}));
  }
  const auto object = files::normalName(text);
  require(object.find('\\') == std::string::npos && !object.starts_with('/'));
  return 0;
}
