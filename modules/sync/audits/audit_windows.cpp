#include "audits/audit_windows.hpp"

#include <algorithm>
#include <numeric>

namespace session_sharing {
namespace {

constexpr std::size_t kMessages = 50, kMessagesOfLong = 100, kLong = 500, kOverlap = 10, kMaxWindows = 10;

}  // namespace

std::vector<AuditWindow> chooseWindows(const std::vector<std::size_t>& claims) {
  const auto size = claims.size() > kLong ? kMessagesOfLong : kMessages;
  std::vector<AuditWindow> out;
  for (std::size_t first = 0; first < claims.size(); first += size - kOverlap) {
    AuditWindow window{first, std::min(first + size, claims.size()), 0};
    window.claims = std::accumulate(claims.begin() + static_cast<std::ptrdiff_t>(window.first),
                                    claims.begin() + static_cast<std::ptrdiff_t>(window.end), std::size_t{0});
    if (window.claims > 0) out.push_back(window);
    if (window.end == claims.size()) break;
  }
  if (out.size() <= kMaxWindows) return out;
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.claims > b.claims; });
  out.resize(kMaxWindows);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return out;
}

}  // namespace session_sharing
