// The files of sessions: what users attach, and copies of what the agent makes, kept by the module files.
#pragma once

#include <mortise/files_store.hpp>
#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/request.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conversations/events.hpp"
#include "conversations/session_store.hpp"
#include "sandbox/sandbox.hpp"

namespace agent {

// Without the module files nothing is kept: lists are empty, and attachments unknown. [worker]
class SessionFiles {
 public:
  SessionFiles(mortise::Host host, const SessionStore& store);

  // A file of files.store/1. Problem 404 agent_file_not_found, 403 agent_file_forbidden.
  FileInfo attachment(std::string_view fileId, const mortise::Request& request) const;
  std::optional<FileInfo> find(std::string_view fileId) const;

  // Keeps a copy of a file of the session's box under its path there; one that was kept before is replaced. Empty when it
  // can't be kept, which is logged.
  std::optional<FileInfo> keep(const std::string& sessionId, const std::string& ownerId, const std::string& path,
                               sandbox::Sandbox& box, const sandbox::Stopped& stopped) const;
  // The same with bytes that did not come out of the box (a screenshot).
  std::optional<FileInfo> keep(const std::string& sessionId, const std::string& ownerId, const std::string& path,
                               std::string_view bytes, std::string_view mimeType = {}) const;
  // Puts a user's file into the box, as /home/ubuntu/upload/<name>, and lists it under that path, which is returned.
  // Throws Problem.
  std::string upload(const std::string& sessionId, const FileInfo& file, sandbox::Sandbox& box,
                     const sandbox::Stopped& stopped) const;

  std::vector<FileInfo> list(std::string_view sessionId) const;
  // The copies of a session that is gone.
  void remove(const std::vector<std::string>& fileIds) const;

 private:
  std::optional<mortise::FilesStore> files() const { return host_.optional<mortise::FilesStore>(); }
  FileInfo record(const std::string& sessionId, const std::string& path, const mortise::StoredFile& file) const;

  mortise::Host host_;
  mortise::Log log_;
  const SessionStore& store_;
};

}  // namespace agent
