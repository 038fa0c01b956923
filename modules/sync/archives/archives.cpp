#include "archives/archives.hpp"

#include <mortise/json.hpp>
#include <mortise/markup.hpp>
#include <mortise/problem.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archives/manifest.hpp"
#include "archives/message_lines.hpp"
#include "archives/push_answer.hpp"
#include "archives/untrusted_json.hpp"
#include "library/session_path.hpp"
#include "utf8.hpp"

namespace session_sharing {
namespace {

namespace json = mortise::json;
using mortise::Blob;
using mortise::File;
using mortise::Part;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;

constexpr std::size_t kMaxTags = 20;
constexpr std::int64_t kMaxEvents = 1000;
constexpr const char* kArchiveType = "application/gzip";

std::vector<Part> filesOf(const Request& request) {
  std::vector<Part> files;
  for (auto& part : request.parts()) {
    if (part.name == "file") files.push_back(std::move(part));
  }
  return files;
}

// A part without any file name is a plain field to the kernel, and still a file to the client.
std::uint64_t sizeOf(const Part& part) { return part.file ? part.file->size() : part.value.size(); }

std::uint64_t contentLength(const Request& request) {
  const auto text = request.header("Content-Length");
  std::uint64_t size = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), size);
  return read.ec == std::errc() ? size : 0;
}

std::string quoted(const std::string& etag) { return "\"" + etag + "\""; }

// A JSON array of texts, as the query of POST /sessions has it.
std::vector<std::string> tagsFrom(std::string text) {
  rapidjson::Document list;
  const bool isList = parseInPlace(text, list) && list.IsArray() && list.Size() <= kMaxTags;
  if (!isList) throw Problem(400, "tags_invalid");
  std::vector<std::string> tags;
  for (const auto& tag : list.GetArray()) {
    const std::string whole(textOf(tag));
    if (!tag.IsString() || !utf8::isText(whole) || utf8::storable(whole, kGivenTag) != whole)
      throw Problem(400, "tags_invalid");
    if (!whole.empty() && std::find(tags.begin(), tags.end(), whole) == tags.end()) tags.push_back(whole);
  }
  return tags;
}

GivenMetadata givenBy(const Request& request) {
  GivenMetadata metadata;
  metadata.sourceTool = request.query("source_tool").text("");
  if (const auto title = request.query("title").text()) {
    if (!utf8::isText(*title)) throw Problem(400, "title_invalid");
    metadata.title = mortise::orNull(mortise::withoutMarkup(*title));
  }
  metadata.tags = tagsFrom(request.query("tags").text("[]"));
  return metadata;
}

// Before anything else of a push: a verified caller, and one file.
void requireUpload(const Request& request) {
  if (!request.principal().emailConfirmed) throw Problem(403, "email_not_verified");
  const auto files = filesOf(request);
  if (files.size() != 1)
    throw Problem(422, "validation_failed").field("body/file", files.empty() ? "missing" : "value_error");
}

}  // namespace

Archives::Archives(mortise::Host host, const Pushes& pushes, const ProjectLookup& projects, ArchiveThreads& threads,
                   PushQueue& queue)
    : blobs_(host.blobs()),
      maxUpload_(static_cast<std::uint64_t>(host.config().size("max_upload"))),
      pushes_(pushes),
      projects_(projects),
      threads_(threads),
      queue_(queue),
      store_(host.db()) {}

void Archives::withUpload(const Request& request, std::uint64_t most, Work work) {
  checkSize(std::max(contentLength(request), sizeOf(filesOf(request).front())), most);
  queue_.answer(request, [this, work = std::move(work)](const Request& pendingRequest) {
    return runWithFile(pendingRequest, work);
  });
}

PushReply Archives::runWithFile(const Request& request, const Work& work) const {
  const auto files = filesOf(request);
  if (files.front().file) return work(request, *files.front().file, {});
  const auto blob = blobs_.put(files.front().value);
  return work(request, blobs_.open(blob.key), blob);
}

void Archives::pushSession(Request& request) {
  requireUpload(request);
  const std::string id = request.path("session_id");
  if (!isSessionId(id)) throw Problem(400, "session_id_invalid");
  const auto most = pushes_.limits().archiveBytes(request.principal().tier);
  withUpload(
      request, most, [this, id](const Request& pendingRequest, const File& archive, const std::optional<Blob>& stored) {
        return pushReply(pushes_.push(pendingRequest, PushIntent::of(pendingRequest, id), archive, {.stored = stored}),
                         "synced_at");
      });
}

void Archives::uploadSession(Request& request) {
  requireUpload(request);
  auto metadata = givenBy(request);
  withUpload(request, maxUpload_,
             [this, metadata = std::move(metadata)](const Request& pendingRequest, const File& archive,
                                                    const std::optional<Blob>& stored) {
               PushIntent intent;
               intent.sessionId = mortise::makePrefixedId("ses_");
               intent.userId = pendingRequest.principal().userId;
               return pushReply(pushes_.push(pendingRequest, intent, archive,
                                             {.stored = stored, .callerMetadata = metadata, .isFromClient = false}),
                                "uploaded_at");
             });
}

Reply Archives::pullSession(const Request& request) {
  const auto session = liveSession(store_, request);
  if (unquotedEtag(request.header("If-None-Match")) == session.etag) return Reply::status(304);
  return Reply::file(openArchive(blobs_, session), kArchiveType, {}, quoted(session.etag));
}

Reply Archives::downloadSession(const Request& request) {
  const auto session = liveSession(store_, request);
  return Reply::file(openArchive(blobs_, session), kArchiveType, session.id + ".tar.gz", quoted(session.etag));
}

void Archives::readJsonMember(const Request& request, const char* file, const char* member) {
  const auto session = liveSession(store_, request);
  threads_.answer(request, [this, session, file, member](const Request& pendingRequest) {
    const auto archive = openArchive(blobs_, session);
    auto text = readMember(bytesOf(archive), file, kMaxManifest, [&] { pendingRequest.stopIfExpired(); });
    rapidjson::Document document;
    if (!text || !parseInPlace(*text, document)) throw Problem(404, "archive_member_not_found").with("name", file);
    auto shown = jsonTextOf(document);
    if (!utf8::isText(shown)) throw Problem(404, "archive_member_not_found").with("name", file);
    return Reply::ok(json::object({{member, json::raw(std::move(shown))}}));
  });
}

void Archives::readWorkspace(Request& request) { readJsonMember(request, "workspace.json", "workspace"); }

void Archives::readTools(Request& request) { readJsonMember(request, "tools.json", "tools"); }

Reply Archives::readProvenance(const Request& request) {
  const auto session = liveSession(store_, request);
  const auto& metadata = session.metadata;
  return Reply::ok(json::object({{"session_id", session.id},
                                 {"rules_version", metadata.rulesVersion},
                                 {"rules_hash", metadata.rulesHash},
                                 {"rules_source", metadata.rulesSource},
                                 {"instruction_artifacts", json::raw(metadata.instructionArtifacts)}}));
}

Reply Archives::readRetrievalLog(const Request& request) {
  const auto session = liveSession(store_, request);
  const auto& context = session.metadata.retrievalAuditId;
  json::List events;
  std::int64_t count = 0;
  if (context) {
    for (auto& event : projects_.retrievalEvents(*context, 0, kMaxEvents)) {
      events.add(json::raw(std::move(event.json)));
      ++count;
    }
  }
  return Reply::ok(json::object(
      {{"session_id", session.id}, {"retrieval_audit_id", context}, {"events", events}, {"count", count}}));
}

}  // namespace session_sharing
