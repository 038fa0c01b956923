// Which reply header fields a module may set.
#pragma once

#include <string_view>

namespace mortise::plugin {

// RFC 9110 token, and not one of those that frame the message.
bool isSettableFieldName(std::string_view name);
// No CR, LF, NUL or other control byte but tab.
bool isFieldValue(std::string_view value);

}  // namespace mortise::plugin
