// What a server asks its user for in the middle of a call, and the answers.
#pragma once

#include <rapidjson/document.h>
#include <mortise/json.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace agent::mcp {

// Who is asked, for whom, and in which words.
struct Asking {
  // Gives the user's answer, or nothing when there is none. Empty when nobody can be asked.
  std::function<std::optional<std::string>(std::string_view question)> ask{};
  std::string server{};         // the server that asks, by its name in the settings
  std::string language = "en";  // as for mortise::isChinese()
};

// Whether `elicitation/create` with these params asks for something that the user fills in here. Else (an address to
// open) it is refused.
bool isForm(const rapidjson::Value& params);

// The result of `elicitation/create` with these params: {"action": "accept", "content": {…}}; "decline" where the user said
// no, gave no answer that fits, or the form can't be asked for; "cancel" where nobody answers, or the user wants the call to
// end. The first question says which server asks, and that the answers go there.
mortise::json::Value elicited(const rapidjson::Value& params, const Asking& asking);

// The results of the `inputRequests` of a result that is input_required (2026-07-28), by their names. Throws Failure for a
// request of another kind than elicitation and roots.
mortise::json::Value inputResponses(const rapidjson::Value& requests, const Asking& asking);

}  // namespace agent::mcp
