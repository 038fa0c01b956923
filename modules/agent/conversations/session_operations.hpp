// The sessions over HTTP.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/module.hpp>

#include "agent_contract.hpp"
#include "conversations/chat_streams.hpp"
#include "conversations/conversations.hpp"
#include "conversations/session_files.hpp"
#include "conversations/session_lists.hpp"
#include "desktop/takeovers.hpp"
#include "sandbox/sandbox.hpp"

namespace agent {

class SessionOperations final : public agent_contract::sessions::AgentSessions {
 public:
  // The others must outlive this object.
  SessionOperations(mortise::Host host, Conversations& conversations, ChatStreams& streams, SessionLists& lists,
                    const SessionFiles& files, sandbox::Driver& driver, desktop::Takeovers& takeovers);

 private:
  mortise::Reply beginAgentSession(const mortise::Request& request) override;
  mortise::Reply listAgentSessions(const mortise::Request& request) override;
  void watchAgentSessions(mortise::Request& request) override;
  mortise::Reply readAgentSession(const mortise::Request& request) override;
  void chatInAgentSession(mortise::Request& request,
                          const std::optional<agent_contract::sessions::ChatMessage>& body) override;
  mortise::Reply stopAgentSession(const mortise::Request& request) override;
  mortise::Reply clearUnreadMessageCount(const mortise::Request& request) override;
  mortise::Reply deleteAgentSession(const mortise::Request& request) override;
  mortise::Reply listAgentSessionFiles(const mortise::Request& request) override;
  mortise::Reply readAgentSessionFile(const mortise::Request& request,
                                      const agent_contract::sessions::ReadAgentSessionFileBody& body) override;
  mortise::Reply readAgentSessionShell(const mortise::Request& request,
                                       const agent_contract::sessions::ReadAgentSessionShellBody& body) override;

  // Problem 404, and 403 for whom it is not.
  Session reach(const mortise::Request& request) const;
  Session own(const mortise::Request& request) const;
  std::string ownerAsked(const mortise::Request& request) const;
  std::shared_ptr<sandbox::Sandbox> boxOf(const Session& session) const;
  // Where the client with this cursor is; empty for a cursor of nothing that was here.
  std::optional<ChatStreams::Place> seenBy(const Session& session, const std::string& cursor) const;
  ChatStreams::Place beforeTask(const Session& session) const;

  mortise::Log log_;
  mortise::Audit audit_;
  Conversations& conversations_;
  ChatStreams& streams_;
  SessionLists& lists_;
  const SessionFiles& files_;
  sandbox::Driver& driver_;
  desktop::Takeovers& takeovers_;
};

}  // namespace agent
