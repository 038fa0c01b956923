// Any bytes as a message of MCP, as a result of a tool, as a form to fill in and as a card of A2A.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "a2a/agent_card.hpp"
#include "json_reading.hpp"
#include "mcp/elicitation.hpp"
#include "mcp/failure.hpp"
#include "mcp/message.hpp"
#include "mcp/tool_names.hpp"
#include "mcp/tool_result.hpp"

namespace {

void must(bool good) {
  if (!good) std::abort();
}

void mustBeJson(std::string_view text) {
  rapidjson::Document document;
  must(mortise::models::parseJson(text, document));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16384) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  agent::mcp::Batch batch;
  if (batch.read(text)) {
    int asked = 0;
    const auto ask = [&](std::string_view) {
      return ++asked > 100 ? std::nullopt
                           : std::optional<std::string>(asked % 3 == 0   ? "1"
                                                        : asked % 3 == 1 ? "yes"
                                                                         : "");
    };
    for (auto& message : batch.messages()) {
      if (!message.id.empty()) mustBeJson(message.id);
      mustBeJson(message.data());
      mustBeJson(agent::mcp::elicited(message.body, {.ask = ask}).text());
      try {
        mustBeJson(agent::mcp::inputResponses(message.body, {.ask = ask}).text());
      } catch (const agent::mcp::Failure&) {
        // It asks for what is not offered.
      }
    }
  }
  const auto result = agent::mcp::toolResult(text);
  mustBeJson(result.data);
  mustBeJson(result.content);
  agent::a2a::readCard(text);
  const auto name = agent::mcp::functionName(text.substr(0, size / 2), text.substr(size / 2));
  must(!name.empty() && name.size() <= 64);
  return 0;
}
