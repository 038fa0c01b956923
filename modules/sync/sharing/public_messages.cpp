#include "sharing/public_messages.hpp"

#include <mortise/time.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include "archives/message_lines.hpp"
#include "dlp/sensitive_text.hpp"

namespace session_sharing {
namespace {

constexpr std::size_t kWhole = kMaxLine;  // no text of a line is longer

bool hasSecret(const ReadableMessage& message) {
  const auto isSecret = [](const std::string& text) { return !SensitiveTextMatcher::ofSecrets().find(text).empty(); };
  return isSecret(message.role) || isSecret(message.timestamp) ||
         std::any_of(message.blocks.begin(), message.blocks.end(),
                     [&](const ReadableBlock& block) { return isSecret(block.name) || isSecret(block.text); });
}

}  // namespace

bool PublicMessages::holdSecrets(const CapturedSession& session, const Cancelled& cancelled) const {
  const auto known = db_.queryOne<std::int64_t>("SELECT has_secrets FROM sync_share_scans WHERE etag = :etag",
                                                {{"etag", session.etag}});
  if (known) return *known != 0;
  bool hasSecrets = false;
  eachMessageLine(blobs_, session, cancelled, [&](MemberLine& line) {
    ReadableMessage message;
    // What could not be looked at counts as having one.
    if (line.size > line.text.size()) {
      hasSecrets = true;
    } else if (readForPeople(line.text, kWhole, message)) {
      hasSecrets = hasSecret(message);
    }
    return !hasSecrets;
  });
  db_.execute(
      "INSERT INTO sync_share_scans (etag, has_secrets, scanned_at) VALUES (:etag, :has_secrets, :now) "
      "ON CONFLICT (etag) DO UPDATE SET has_secrets = excluded.has_secrets, scanned_at = excluded.scanned_at",
      {{"etag", session.etag}, {"has_secrets", hasSecrets}, {"now", mortise::now()}});
  return hasSecrets;
}

MessagePage PublicMessages::read(const CapturedSession& session, const MessageQuery& query,
                                 const Cancelled& cancelled) const {
  try {
    const auto blocks = indexes_.find(session);
    return pageOf(blocks ? *blocks : indexes_.make(session, cancelled), query);
  } catch (const BlocksDamaged&) {
    indexes_.forget(session);
    return pageOf(indexes_.make(session, cancelled), query);
  }
}

ReadablePage PublicMessages::page(const CapturedSession& session, std::int64_t number, std::int64_t size,
                                  std::size_t mostPerBlock, const Cancelled& cancelled) const {
  MessageQuery query;
  query.page = number;
  query.pageSize = size;
  auto stored = read(session, query, cancelled);
  ReadablePage page;
  page.hasMore = stored.hasMore;
  for (auto& message : stored.messages) {
    ReadableMessage readable;
    if (readForPeople(message.text, mostPerBlock, readable)) page.messages.push_back(std::move(readable));
  }
  return page;
}

std::vector<ReadableMessage> PublicMessages::last(const CapturedSession& session, std::string_view role,
                                                  std::size_t count, std::size_t mostPerBlock,
                                                  const Cancelled& cancelled) const {
  std::vector<ReadableMessage> messages;
  MessageQuery query;
  query.pageSize = 100;
  query.isNewestFirst = true;
  bool hasMore = true;
  for (; hasMore && query.page <= 10 && messages.size() < count; ++query.page) {
    auto stored = read(session, query, cancelled);
    hasMore = stored.hasMore;
    for (auto& message : stored.messages) {
      ReadableMessage readable;
      if (messages.size() == count || !readForPeople(message.text, mostPerBlock, readable)) continue;
      if (readable.role == role && !textOf(readable).empty()) messages.push_back(std::move(readable));
    }
  }
  return messages;
}

void PublicMessages::forget(mortise::Time before) const {
  db_.execute("DELETE FROM sync_share_scans WHERE scanned_at < :before", {{"before", before}});
}

}  // namespace session_sharing
