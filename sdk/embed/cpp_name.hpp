// From the names of a contract to C++ names.
#pragma once

#include <string>
#include <string_view>

namespace mortise::embed {

// "Sign-up" -> "SignUp", "new_ticket" -> "NewTicket". Words end where a character is neither letter nor digit.
std::string pascalCase(std::string_view text);
// "user_id" -> "userId", "ID" -> "id".
std::string camelCase(std::string_view text);
// "status.v2" -> "status_v2": every character that is neither letter nor digit becomes an underscore.
std::string snakeCase(std::string_view text);

// Empty when `name` may stand as a name in generated code; otherwise why not: "is no C++ identifier", "is a C++ keyword".
std::string whyNoCppName(std::string_view name);

}  // namespace mortise::embed
