// Desktops over HTTP: the WebSocket of viewers, and the takeover.
#pragma once

#include <mortise/module.hpp>

#include "agent_contract.hpp"
#include "conversations/session_store.hpp"
#include "desktop/desktops.hpp"
#include "desktop/takeovers.hpp"
#include "desktop/viewers.hpp"

namespace agent::desktop {

class DesktopOperations final : public agent_contract::sessions::AgentDesktops {
 public:
  // The others must outlive this object.
  DesktopOperations(mortise::Host host, const SessionStore& store, sandbox::Driver& driver, Desktops& desktops,
                    Viewers& viewers, Takeovers& takeovers)
      : log_(host.log()),
        store_(store),
        driver_(driver),
        desktops_(desktops),
        viewers_(viewers),
        takeovers_(takeovers) {}

 private:
  void viewAgentDesktop(mortise::Request& request) override;
  mortise::Reply takeOverAgentSession(const mortise::Request& request,
                                      const agent_contract::sessions::TakeOverAgentSessionBody& body) override;

  mortise::Log log_;
  const SessionStore& store_;
  sandbox::Driver& driver_;
  Desktops& desktops_;
  Viewers& viewers_;
  Takeovers& takeovers_;
};

}  // namespace agent::desktop
