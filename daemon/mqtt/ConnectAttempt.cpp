#include "daemon/mqtt/ConnectAttempt.h"

#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {

struct ConnectAttempt::State {
  std::mutex mutex;  // guards what follows
  bool done = false;
  std::unique_ptr<MqttConnection> connection;
  std::string problem;
};

ConnectAttempt::ConnectAttempt(const MqttLogin& login, std::shared_ptr<Wake> wake)
    : state_(std::make_shared<State>()) {
  std::thread([login, wake = std::move(wake), state = state_] {
    std::unique_ptr<MqttConnection> connection;
    std::string problem;
    try {
      connection = std::make_unique<MqttConnection>(login);
    } catch (const std::exception& error) {
      problem = error.what();
    }
    {
      const std::lock_guard lock(state->mutex);
      state->connection = std::move(connection);
      state->problem = std::move(problem);
      state->done = true;
    }
    wake->wake();
  }).detach();
}

bool ConnectAttempt::is_done() const {
  const std::lock_guard lock(state_->mutex);
  return state_->done;
}

std::unique_ptr<MqttConnection> ConnectAttempt::take() {
  const std::lock_guard lock(state_->mutex);
  if (!state_->connection) throw Error(ExitCode::unavailable, state_->problem);
  return std::move(state_->connection);
}

}  // namespace earshot
