// Remote agents, as one box of the agent: the list of their cards, and questions to one of them.
#pragma once

#include <mortise/http_client.hpp>
#include <mortise/log.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "a2a/agent_card.hpp"
#include "configuration/a2a_server.hpp"
#include "tools/tool_box.hpp"

namespace agent::a2a {

struct A2aBoxOptions {
  std::chrono::milliseconds start{8000};  // for all cards together
  std::chrono::milliseconds call{120000};
};

// Fetches the cards, 32 at once, when it is made; agents without one are left out, with a note. [worker]
class A2aBox final : public ToolBox {
 public:
  // `servers`: those that are enabled for everybody and for the user.
  A2aBox(const std::vector<A2aServer>& servers, const mortise::HttpClient& http, mortise::Log log,
         A2aBoxOptions options = {}, const std::function<bool()>& stopped = {});

  std::string_view name() const override { return "a2a"; }
  // None when there is no agent.
  std::vector<mortise::models::Tool> tools() override;
  ToolResult call(std::string_view function, std::string_view arguments, const ToolContext& context) override;
  bool mayRepeat(std::string_view function) const override { return function == kCards; }

  const std::vector<std::string>& notes() const noexcept { return notes_; }

 private:
  static constexpr const char* kCards = "get_remote_agent_cards";
  static constexpr const char* kCall = "call_remote_agent";
  struct Agent {
    std::string id;
    std::string baseUrl;
    AgentCard card;
  };

  const mortise::HttpClient http_;
  const A2aBoxOptions options_;
  std::vector<Agent> agents_;
  std::vector<std::string> notes_;
};

}  // namespace agent::a2a
