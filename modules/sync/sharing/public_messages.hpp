// What of a session may stand on a page that everybody can open: a page of its messages, if no secrets are in any.
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "library/captured_session.hpp"
#include "library/message_indexes.hpp"
#include "library/message_page.hpp"
#include "sharing/readable_message.hpp"

namespace session_sharing {

struct ReadablePage {
  std::vector<ReadableMessage> messages;
  bool hasMore = false;
};

// For the threads that read archives. `cancelled` is called again and again; what it throws ends the reading. [worker]
class PublicMessages {
 public:
  using Cancelled = std::function<void()>;

  // `held` must outlive this object.
  PublicMessages(mortise::Host host, const HeldBlobs& held)
      : db_(host.db()), blobs_(host.blobs()), indexes_(host, held) {}

  // Whether some text of the messages holds a secret of a well-known kind. Asked once for the bytes of an archive; the
  // answer is kept. Problem 404 session_not_found when the blob is gone.
  bool holdSecrets(const CapturedSession& session, const Cancelled& cancelled) const;
  // A page of the messages, counted from 1, with texts of at most `mostPerBlock` characters. It has fewer than `size`
  // where nothing can be read of some.
  ReadablePage page(const CapturedSession& session, std::int64_t number, std::int64_t size, std::size_t mostPerBlock,
                    const Cancelled& cancelled) const;
  // The last `count` messages of that role that say something, the newest first; of the last thousand messages.
  std::vector<ReadableMessage> last(const CapturedSession& session, std::string_view role, std::size_t count,
                                    std::size_t mostPerBlock, const Cancelled& cancelled) const;

  // Forgets what was found before `before`: the patterns may know more by now.
  void forget(mortise::Time before) const;

 private:
  MessagePage read(const CapturedSession& session, const MessageQuery& query, const Cancelled& cancelled) const;

  mortise::Db db_;
  mortise::Blobs blobs_;
  MessageIndexes indexes_;
};

}  // namespace session_sharing
