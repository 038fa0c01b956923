#include "webhooks/comment_text.hpp"

#include <mortise/digest.hpp>

#include "utf8.hpp"

namespace session_sharing {
namespace {

constexpr std::size_t kMaxTitle = 120;
constexpr std::size_t kShownOfHash = 16;

// A code span. Backticks would end it, line breaks end the list's item; a bar is of a table.
std::string code(std::string_view text) {
  auto shown = utf8::storable(text, kMaxTitle);
  for (char& c : shown) {
    if (c == '`') c = '\'';
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f || c == '|') c = ' ';
  }
  return "`" + (shown.empty() ? std::string("Untitled session") : shown) + "`";
}

std::string linkTo(const std::string& pattern, const std::string& id) {
  auto url = pattern;
  constexpr std::string_view kId = "{id}";
  if (const auto at = url.find(kId); at != std::string::npos) url.replace(at, kId.size(), id);
  return url;
}

}  // namespace

std::string commentText(const std::vector<BranchSession>& sessions, const std::map<std::string, std::int64_t>& trust,
                        const CommentForm& form, std::string_view marker) {
  std::string out = "### Sessions of this branch\n\n";
  for (const auto& session : sessions) {
    const auto title = code(session.title);
    out += "- " + (form.linkPattern.empty() ? title : "[" + title + "](" + linkTo(form.linkPattern, session.id) + ")");
    out += " (" + code(session.tool) + ", " + std::to_string(session.messages) +
           (session.messages == 1 ? " message)" : " messages)");
    if (form.withTrust) {
      const auto score = trust.find(session.id);
      out +=
          score == trust.end() ? ", not audited" : ", trust score " + std::to_string((score->second + 5) / 10) + " %";
    }
    out += "\n";
  }
  return out.append("\n").append(marker).append("\n");
}

std::string commentMarker(std::string_view userId) {
  return "<!-- mortise-sessions " + mortise::sha256Hex(userId).substr(0, kShownOfHash) + " -->";
}

}  // namespace session_sharing
