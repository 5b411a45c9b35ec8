// ConnectAttempt: a connection to a broker in the making, which may take as long as names and networks like.
#pragma once

#include <memory>
#include <string>

#include "daemon/mqtt/MqttConnection.h"
#include "daemon/mqtt/Wake.h"

namespace earshot {

/// A thread that nobody waits for looks the name up and connects; it may go on when this is gone. Not thread
/// safe.
class ConnectAttempt {
 public:
  /// `wake` is woken when it is done. Throws std::system_error if there can be no thread.
  ConnectAttempt(const MqttLogin& login, std::shared_ptr<Wake> wake);

  bool is_done() const;
  /// Once it is done. Throws Error(unavailable) saying why there is none.
  std::unique_ptr<MqttConnection> take();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace earshot
