// The module: its faces, each a class that derives from a generated class of its contract and lies in a folder of its own.
#pragma once

#include <mortise/config.hpp>
#include <mortise/health.hpp>
#include <mortise/jobs.hpp>
#include <mortise/module.hpp>
#include <mortise/removed_users.hpp>

#include <atomic>

#include "chats/chat_operations.hpp"
#include "configuration/configuration_operations.hpp"
#include "configuration/stored_settings.hpp"
#include "configuration/tool_servers.hpp"
#include "conversations/chat_streams.hpp"
#include "conversations/conversations.hpp"
#include "conversations/session_files.hpp"
#include "conversations/session_lists.hpp"
#include "conversations/session_operations.hpp"
#include "desktop/desktop_operations.hpp"
#include "desktop/desktops.hpp"
#include "desktop/takeovers.hpp"
#include "desktop/viewers.hpp"
#include "loop/model_caller.hpp"
#include "loop/task_loop.hpp"
#include "preferences/user_tools.hpp"
#include "sandbox/session_boxes.hpp"
#include "tools/browser_box.hpp"
#include "tools/file_box.hpp"
#include "tools/message_box.hpp"
#include "tools/search_box.hpp"
#include "tools/shell_box.hpp"
#include "trial/model_trial.hpp"

namespace agent {

class Agent final : public mortise::Module {
 public:
  explicit Agent(mortise::Host host);
  void bind(mortise::Bindings& on) override;
  void start() override;
  void stop() override;

 private:
  void showBrowser(std::string_view sessionId, std::string_view display);
  void handBrowser(std::string_view sessionId, desktop::Holder holder);
  void repairSessions(mortise::JobRun& run);
  void forgetUsers(mortise::JobRun& run);
  void purgeSessions(mortise::JobRun& run);

  mortise::Log log_;
  mortise::Config config_;
  mortise::Health health_;
  sandbox::SessionBoxes boxes_;
  desktop::Desktops desktops_;
  desktop::Viewers viewers_;
  desktop::Takeovers takeovers_;
  ToolServers toolServers_;
  ConfigurationOperations configuration_;
  UserTools userTools_;
  StoredSettings settings_;
  Conversations conversations_;
  SessionFiles files_;
  ChatStreams streams_;
  SessionLists lists_;
  SessionOperations sessions_;
  desktop::DesktopOperations desktopOperations_;
  ChatOperations chats_;
  MessageBoxMaker messages_;
  SearchBoxMaker search_;
  FileBoxMaker fileTools_;
  ShellBoxMaker shellTools_;
  BrowserBoxMaker browserTools_;
  ModelDesk desk_;
  TaskLoop loop_;
  ModelTrial trial_;
  mortise::RemovedUsers removedUsers_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace agent
