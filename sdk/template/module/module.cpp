#include "@name@.hpp"

namespace @name@ {

@Name@::@Name@(mortise::Host host) : log_(host.log()), store_(host.db()), page_size_(host.config().integer("page_size")) {}

void @Name@::bind(mortise::Bindings& on) {
  on.operation("listNotes", &@Name@::listNotes);
  on.operation("addNote", &@Name@::addNote);
}

}  // namespace @name@

MORTISE_MODULE(@name@::@Name@)
