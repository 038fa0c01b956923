// The kinds of events, as the streams and the details of a session have them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conversations/session.hpp"

namespace agent {

// A file as clients see it.
struct FileInfo {
  std::string id;
  std::string filename;
  std::string filepath;
  std::string key;
  std::string extension;
  std::string mimeType;
  std::int64_t size = 0;
  std::string userId;  // empty: nobody's
};
void mortiseAppendJson(std::string& out, const FileInfo& file);

// A step as plans show it.
struct StepView {
  std::string id;
  std::string description;
  std::string status;
};

// Each event has room in a stream, whatever a model wrote: texts are cut, with a mark at their end, lists of files are cut,
// and a content that is too long becomes null.

// `streamId`: empty for a user's.
NewEvent messageEvent(std::string_view role, std::string text, std::string streamId, const std::vector<FileInfo>& files,
                      bool partial = false);
NewEvent titleEvent(std::string title);
NewEvent planEvent(std::vector<StepView> steps);
NewEvent stepEvent(StepView step);
// `arguments`: text of a JSON object; `content`: of one, or null; empty means null.
NewEvent toolEvent(std::string callId, std::string box, std::string function, std::string arguments, bool called,
                   std::string content = "null");
NewEvent waitEvent();
NewEvent doneEvent();
NewEvent errorEvent(std::string text);

// How the content of an event begins in its data when it is a picture of the browser.
inline constexpr std::string_view kPictureContent = R"("content":{"screenshot":"data:)";
// The data of an event with null in place of the picture that is its content; empty: it has none.
std::optional<std::string> withoutPicture(std::string_view data);

// The data of the event under this id.
std::string dataOf(const NewEvent& event, EventId id, std::int64_t createdAt);

}  // namespace agent
