// Any bytes as manifest.json, workspace.json and messages.jsonl: what is kept fits its columns.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "archives/manifest.hpp"
#include "archives/message_digest.hpp"
#include "utf8.hpp"

namespace {

using namespace session_sharing;

void must(bool good) {
  if (!good) std::abort();
}

void mustFit(const std::optional<std::string>& text, std::size_t most) {
  if (text) must(!text->empty() && utf8::isText(*text) && text->size() <= most * 4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  SessionMetadata metadata;
  if (const auto title = readManifest(input, metadata)) must(utf8::isText(title->text));
  readWorkspace(input, metadata);
  must(!metadata.sourceTool.empty() && utf8::isText(metadata.sourceTool));
  must(metadata.messageCount >= 0 && metadata.totalInputTokens >= 0 && metadata.tags.size() <= 100);
  for (const auto& tag : metadata.tags) mustFit(tag, 50);
  mustFit(metadata.modelId, 200);
  mustFit(metadata.personaName, 50);
  mustFit(metadata.ticketId, 64);
  mustFit(metadata.rulesHash, 128);
  mustFit(metadata.gitRemote, 500);
  mustFit(metadata.gitBranch, 255);
  must(utf8::isText(metadata.instructionArtifacts) && metadata.instructionArtifacts.front() == '[');

  MessageDigest digest;
  MemberLine line;
  for (std::size_t at = 0; at < input.size();) {
    const auto end = std::min(input.find('\n', at), input.size());
    line.text = input.substr(at, end - at);
    digest.add(line);
    at = end + 1;
  }
  must(utf8::isText(digest.titleLine()));
  const auto search = digest.takeSearchText();
  must(utf8::isText(search) && search.size() <= (100U << 10));
  return 0;
}
