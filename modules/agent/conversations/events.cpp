#include "conversations/events.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>

#include <algorithm>
#include <utility>

#include "json_text.hpp"

namespace agent {
namespace {

namespace json = mortise::json;

void add(std::string& out, std::string_view name, const json::Item& value) {
  out += ',';
  json::appendQuoted(out, name);
  out += ':';
  value.appendTo(out);
}

// A stream takes no event that is greater than what the kernel keeps for it (1 MiB). What a model wrote may stand in any
// text of an event, so each has a share.
constexpr std::size_t kMaxBytes = 256U << 10U;
constexpr std::size_t kShortBytes = 4U << 10U;
constexpr std::string_view kCut = "…(truncated)";

// At most so many bytes of JSON, and the mark.
std::string shortened(std::string text, std::size_t most) {
  std::size_t bytes = 0, end = 0;
  while (end < text.size()) {
    const auto c = static_cast<unsigned char>(text[end]);
    bytes += c < 0x20 || c == 0x7F ? 6 : c == '"' || c == '\\' ? 2 : 1;
    if (bytes > most) break;
    ++end;
  }
  if (end == text.size()) return text;
  text.resize(mortise::firstBytes(text, end).size());
  return text += kCut;
}

// A JSON object. Of one that is too long the texts are cut, and what is no text goes when it is long itself.
std::string shortArguments(std::string arguments) {
  if (arguments.size() <= kMaxBytes) return arguments;
  json::Object out;
  std::size_t bytes = 0;
  rapidjson::Document document;
  if (parseJson(arguments, document) && document.IsObject()) {
    for (const auto& member : document.GetObject()) {
      const std::string name(member.name.GetString(), member.name.GetStringLength());
      const auto value =
          member.value.IsString()
              ? json::value(shortened({member.value.GetString(), member.value.GetStringLength()}, kShortBytes)).text()
              : mortise::models::toText(member.value);
      if (value.size() > 2 * kShortBytes) continue;
      bytes += name.size() + value.size();
      if (bytes > kMaxBytes / 2) break;
      out.add(name, json::raw(value));
    }
  }
  return json::value(out).text();
}

// As many of the files as their share has room for.
std::string fileList(const std::vector<FileInfo>& files) {
  std::string out = "[";
  for (const auto& file : files) {
    std::string one = out.size() > 1 ? "," : "";
    mortiseAppendJson(one, file);
    if (out.size() + one.size() > kMaxBytes / 2) break;
    out += one;
  }
  return out += ']';
}

}  // namespace

void mortiseAppendJson(std::string& out, const FileInfo& file) {
  json::ObjectWriter(out)
      .member("id", file.id)
      .member("filename", file.filename)
      .member("filepath", file.filepath)
      .member("key", file.key)
      .member("extension", file.extension)
      .member("mime_type", file.mimeType)
      .member("size", file.size)
      .member("user_id", file.userId.empty() ? std::nullopt : std::optional(file.userId))
      .end();
}

NewEvent messageEvent(std::string_view role, std::string text, std::string streamId, const std::vector<FileInfo>& files,
                      bool partial) {
  return {"message",
          [role = std::string(role), text = shortened(std::move(text), kMaxBytes), streamId = std::move(streamId),
           files = fileList(files), partial](std::string& out, std::string_view, std::int64_t) {
            add(out, "role", role);
            add(out, "message", text);
            add(out, "stream_id", streamId.empty() ? json::Item(nullptr) : json::Item(streamId));
            add(out, "partial", partial);
            add(out, "attachments", json::raw(files));
          }};
}

NewEvent titleEvent(std::string title) {
  return {"title", [title = shortened(std::move(title), kShortBytes)](std::string& out, std::string_view,
                                                                      std::int64_t) { add(out, "title", title); }};
}

NewEvent planEvent(std::vector<StepView> steps) {
  const auto share = std::min(kShortBytes, kMaxBytes / std::max<std::size_t>(steps.size(), 1));
  for (auto& step : steps) step.description = shortened(std::move(step.description), share);
  return {"plan", [steps = std::move(steps)](std::string& out, std::string_view id, std::int64_t createdAt) {
            add(out, "steps", json::list(steps, [&](const StepView& step) {
                  return json::object({{"event_id", id},
                                       {"created_at", createdAt},
                                       {"id", step.id},
                                       {"status", step.status},
                                       {"description", step.description}});
                }));
          }};
}

NewEvent stepEvent(StepView step) {
  step.description = shortened(std::move(step.description), kShortBytes);
  return {"step", [step = std::move(step)](std::string& out, std::string_view, std::int64_t) {
            add(out, "id", step.id);
            add(out, "status", step.status);
            add(out, "description", step.description);
          }};
}

NewEvent toolEvent(std::string callId, std::string box, std::string function, std::string arguments, bool called,
                   std::string content) {
  if (content.empty() || content.size() > kMaxBytes) content = "null";
  return {"tool", [callId = std::move(callId), box = std::move(box), function = std::move(function),
                   arguments = shortArguments(std::move(arguments)), called,
                   content = std::move(content)](std::string& out, std::string_view, std::int64_t) {
            add(out, "tool_call_id", callId);
            add(out, "name", box);
            add(out, "function", function);
            add(out, "args", json::raw(arguments));
            add(out, "status", called ? "called" : "calling");
            add(out, "content", json::raw(content));
          }};
}

NewEvent waitEvent() { return {"wait"}; }
NewEvent doneEvent() { return {"done"}; }

NewEvent errorEvent(std::string text) {
  return {"error", [text = shortened(std::move(text), kShortBytes)](std::string& out, std::string_view, std::int64_t) {
            add(out, "error", text);
          }};
}

// The content stands last. That of another event, or an argument, may read like it, but has a quote or more behind it.
std::optional<std::string> withoutPicture(std::string_view data) {
  constexpr std::string_view kEnd = "\"}}";
  const auto at = data.rfind(kPictureContent);
  if (at == std::string_view::npos || !data.ends_with(kEnd)) return std::nullopt;
  if (data.find('"', at + kPictureContent.size()) != data.size() - kEnd.size()) return std::nullopt;
  return std::string(data.substr(0, at)).append(R"("content":null})");
}

std::string dataOf(const NewEvent& event, EventId id, std::int64_t createdAt) {
  std::string out = "{\"event_id\":";
  const auto text = id.text();
  json::appendQuoted(out, text);
  out += ",\"created_at\":" + std::to_string(createdAt);
  if (event.write) event.write(out, text, createdAt);
  out += '}';
  return out;
}

}  // namespace agent
