#include "file_calls.hpp"

#include <string>

namespace json = mortise::json;
using mortise::Reply;
using mortise::Request;

namespace {

json::Value shown(const mortise::StoredFile& file) {
  return json::object({{"id", file.id},
                       {"owner", file.ownerId},
                       {"filename", file.filename},
                       {"extension", file.extension},
                       {"key", file.key},
                       {"filepath", file.filepath},
                       {"mime_type", file.mimeType},
                       {"detected_type", file.detectedType},
                       {"sha256", file.sha256},
                       {"size", file.size}});
}

}  // namespace

Reply FileCalls::call(const Request& request) const {
  const auto files = host_.need<mortise::FilesStore>();
  const auto name = request.path("call");
  const auto body = request.body();
  const auto id = body["id"].text("");
  json::Object answer;
  try {
    if (name == "put_bytes") {
      const std::string content(body["content"].text());
      answer.add("file",
                 shown(files.put({body["owner"].text(""), body["filename"].text(""), body["mime_type"].text("")},
                                 std::string_view(content))));
    } else if (name == "copy") {
      answer.add("file", shown(files.put({body["owner"].text(""), "copy.bin"}, files.open(id))));
    } else if (name == "find") {
      const auto file = files.find(id);
      answer.add("found", file.has_value());
      if (file) answer.add("file", shown(*file));
    } else if (name == "list") {
      const auto limit = static_cast<std::size_t>(body["limit"].integer());
      answer.add("files", json::list(files.list(body["owner"].text(""), body["before"].text(""), limit), shown));
    } else if (name == "remove") {
      answer.add("removed", files.remove(id));
    } else if (name == "remove_in_transaction") {
      host_.db().transaction([&](mortise::Transaction& tx) {
        answer.add("removed", tx.call([&] { return files.remove(id); }));
        if (body["roll_back"].boolean(false)) throw mortise::Problem(409, "rolled_back");
      });
    } else if (name == "set_filepath") {
      files.setFilepath(id, body["filepath"].text());
    } else if (name == "null") {
      auto error = mortise::detail::noError();
      const auto& table = host_.need<mortise_files_store_v1>(MORTISE_FILES_STORE_V1);
      const bool refused = table.put(table.context, nullptr, nullptr, nullptr, nullptr, &error) == MORTISE_INVALID &&
                           table.open(table.context, mortise::detail::str(id), nullptr, &error) == MORTISE_INVALID;
      answer.add("refused", refused);
    }
    answer.add("status", 200);
  } catch (const mortise::Problem& problem) {
    answer.add("status", problem.status()).add("code", problem.code()).add("note", problem.note());
  }
  return Reply::ok(answer);
}

Reply FileCalls::put(const Request& request) const {
  const auto content = request.bodyFile();
  if (!content) throw mortise::Problem(422, "validation_failed").field("body", "missing");
  const auto file = host_.need<mortise::FilesStore>().put(
      {request.query("owner").text(""), request.query("filename").text(""), request.query("mime_type").text("")},
      *content);
  return Reply::ok(json::object({{"file", shown(file)}}));
}

Reply FileCalls::send(const Request& request) const {
  return Reply::file(host_.need<mortise::FilesStore>().open(request.path("id")), "application/octet-stream", "stored");
}
