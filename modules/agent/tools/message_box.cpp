#include "tools/message_box.hpp"

namespace agent {

std::vector<mortise::models::Tool> MessageBox::tools() {
  return {
      {"message_notify_user", "Tell the user how the work goes, without waiting for an answer.",
       R"({"type":"object","properties":{"text":{"type":"string","description":"What to say"}},"required":["text"]})"},
      {std::string(kAskUser),
       "Ask the user a question and wait for the answer. Only when the work can't go on without it.",
       R"({"type":"object","properties":{"text":{"type":"string","description":"The question"},)"
       R"("attachments":{"description":"Paths of files that belong to the question","anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]},)"
       R"("suggest_user_takeover":{"type":"string","enum":["none","browser"]}},"required":["text"]})"}};
}

ToolResult MessageBox::call(std::string_view, std::string_view, const ToolContext&) {
  ToolResult result;
  result.data = R"("Continue")";
  return result;
}

}  // namespace agent
