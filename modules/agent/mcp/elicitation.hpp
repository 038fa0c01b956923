// What a server asks its user for in the middle of a call, and the answers.
#pragma once

#include <rapidjson/document.h>
#include <mortise/json.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace agent::mcp {

using Ask = std::function<std::optional<std::string>(std::string_view question)>;

// The result of `elicitation/create` with these params: {"action": "accept", "content": {…}}; "decline" where the user said
// no or the form can't be asked for; "cancel" where nobody can be asked.
mortise::json::Value elicited(const rapidjson::Value& params, const Ask& ask);

// The results of the `inputRequests` of a result that is input_required (2026-07-28), by their names. Throws Failure for a
// request of another kind than elicitation and roots.
mortise::json::Value inputResponses(const rapidjson::Value& requests, const Ask& ask);

}  // namespace agent::mcp
