#include "conversations/session_files.hpp"

#include <mortise/digest.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <exception>
#include <map>

#include "conversations/session_access.hpp"

namespace agent {
namespace {

using mortise::Problem;

constexpr std::size_t kMaxBytes = 32U << 20U;  // of a copy
constexpr std::string_view kUploads = "/home/ubuntu/upload/";
constexpr int kNames = 1000;
constexpr std::size_t kPiece = 64U << 10U;

FileInfo infoOf(const mortise::StoredFile& file) {
  return {file.id,
          file.filename,
          file.filepath,
          file.key,
          file.extension,
          file.mimeType,
          static_cast<std::int64_t>(file.size),
          file.ownerId};
}

std::string_view nameIn(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// A name that is one part of a path, for a shell, too.
std::string safeName(std::string_view name) {
  std::string out;
  for (const char c : nameIn(name)) {
    const auto byte = static_cast<unsigned char>(c);
    out +=
        byte < 0x20 || byte == 0x7F || std::string_view("\\/:*?\"'`$<>|&;").find(c) != std::string_view::npos ? '_' : c;
  }
  while (!out.empty() && (out.front() == '.' || out.front() == '-' || out.front() == ' ')) out.erase(0, 1);
  return out.empty() ? "file" : out;
}

std::string numbered(const std::string& name, int number) {
  if (number == 0) return name;
  const auto dot = name.rfind('.');
  const auto stem = dot == std::string::npos || dot == 0 ? name.size() : dot;
  return name.substr(0, stem) + "_" + std::to_string(number) + name.substr(stem);
}

}  // namespace

SessionFiles::SessionFiles(mortise::Host host, const SessionStore& store)
    : host_(host), log_(host.log()), store_(store) {}

FileInfo SessionFiles::attachment(std::string_view fileId, const mortise::Request& request) const {
  const auto file = find(fileId);
  if (!file) throw Problem(404, "agent_file_not_found");
  const bool isOwn = !file->userId.empty() && file->userId == request.principal().userId.string();
  if (!isOwn && !request.permitted(kReachAll)) throw Problem(403, "agent_file_forbidden");
  return *file;
}

std::optional<FileInfo> SessionFiles::find(std::string_view fileId) const {
  const auto store = files();
  if (!store) return std::nullopt;
  const auto file = store->find(fileId);
  if (!file) return std::nullopt;
  return infoOf(*file);
}

FileInfo SessionFiles::record(const std::string& sessionId, const std::string& path,
                              const mortise::StoredFile& file) const {
  const auto before = store_.file(sessionId, path);
  store_.putFile({sessionId, path, file.id, true, mortise::now()});
  if (before && before->made && before->fileId != file.id) remove({before->fileId});
  auto info = infoOf(file);
  info.filepath = path;
  return info;
}

std::optional<FileInfo> SessionFiles::keep(const std::string& sessionId, const std::string& ownerId,
                                           const std::string& path, sandbox::Sandbox& box,
                                           const sandbox::Stopped& stopped) const {
  try {
    std::string bytes;
    bool tooLarge = false;
    box.download(
        path,
        [&](std::string_view piece) {
          tooLarge = bytes.size() + piece.size() > kMaxBytes;
          if (!tooLarge) bytes.append(piece);
          return !tooLarge;
        },
        stopped);
    if (tooLarge) {
      log_.info("a file of a session is too large to be kept", {{"session", sessionId}});
      return std::nullopt;
    }
    return keep(sessionId, ownerId, path, bytes);
  } catch (const std::exception& error) {
    log_.info("a file of a session can't be kept", {{"session", sessionId}, {"reason", error.what()}});
    return std::nullopt;
  }
}

std::optional<FileInfo> SessionFiles::keep(const std::string& sessionId, const std::string& ownerId,
                                           const std::string& path, std::string_view bytes,
                                           std::string_view mimeType) const {
  const auto store = files();
  if (!store) return std::nullopt;
  try {
    // What it was is what messages before have. An upload stays its sender's.
    if (const auto before = store_.file(sessionId, path); before && before->made) {
      const auto known = store->find(before->fileId);
      if (known && known->ownerId == ownerId && known->sha256 == mortise::sha256Hex(bytes)) {
        auto info = infoOf(*known);
        info.filepath = path;
        return info;
      }
    }
    const auto file = store->put({ownerId, std::string(nameIn(path)), std::string(mimeType)}, bytes);
    try {
      store->setFilepath(file.id, path);
      return record(sessionId, path, file);
    } catch (...) {
      store->remove(file.id);
      throw;
    }
  } catch (const std::exception& error) {
    log_.info("a file of a session can't be kept", {{"session", sessionId}, {"reason", error.what()}});
    return std::nullopt;
  }
}

std::string SessionFiles::upload(const std::string& sessionId, const FileInfo& file, sandbox::Sandbox& box,
                                 const sandbox::Stopped& stopped) const {
  const auto store = files();
  if (!store) throw Problem(404, "agent_file_not_found");
  std::string path;
  const auto known = store_.files(sessionId);
  for (int number = 0; number < kNames; ++number) {
    path = std::string(kUploads) + numbered(safeName(file.filename), number);
    const auto taken = std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.path == path; });
    if (taken == known.end() || taken->fileId == file.id) break;
  }
  const auto content = store->open(file.id);
  std::uint64_t at = 0;
  box.upload(
      path,
      [&] {
        std::string piece(kPiece, '\0');
        piece.resize(content.read(at, piece.data(), piece.size()));
        at += piece.size();
        return piece;
      },
      stopped);
  store_.putFile({sessionId, path, file.id, false, mortise::now()});
  return path;
}

std::vector<FileInfo> SessionFiles::list(std::string_view sessionId) const {
  std::vector<FileInfo> out;
  const auto store = files();
  if (!store) return out;
  const auto files = store_.files(sessionId);
  std::vector<std::string> ids;
  for (const auto& file : files) ids.push_back(file.fileId);
  std::map<std::string, FileInfo> stored;
  for (const auto& file : store->findAll(ids)) stored.emplace(file.id, infoOf(file));
  for (const auto& file : files) {
    const auto at = stored.find(file.fileId);
    if (at == stored.end()) continue;  // its owner deleted it
    out.push_back(at->second);
    out.back().filepath = file.path;
  }
  return out;
}

void SessionFiles::remove(const std::vector<std::string>& fileIds) const {
  const auto store = files();
  if (!store) return;
  for (const auto& id : fileIds) {
    try {
      store->remove(id);
    } catch (const std::exception& error) {
      log_.warning("a copy of a session that is gone can't be removed", {{"file", id}, {"reason", error.what()}});
    }
  }
}

}  // namespace agent
