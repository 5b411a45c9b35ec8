# Install.cmake: what names the prefix, which is only known at installation. Wants `source`, `bindir` and `datadir`.
cmake_path(ABSOLUTE_PATH bindir BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}")
cmake_path(ABSOLUTE_PATH datadir BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}")

# install_with(FILE FOLDER FROM TO): FILE goes to FOLDER, FROM in it becomes TO.
function(install_with file folder from to)
  file(INSTALL "${source}/${file}" DESTINATION "${folder}")
  cmake_path(GET file FILENAME name)
  file(READ "$ENV{DESTDIR}${folder}/${name}" text)
  string(REPLACE "${from}" "${to}" text "${text}")
  file(WRITE "$ENV{DESTDIR}${folder}/${name}" "${text}")
endfunction()

install_with(systemd/earshotd.service "${CMAKE_INSTALL_PREFIX}/lib/systemd/system"
  "=earshotd " "=${bindir}/earshotd ")
install_with(systemd/user/earshotd.service "${CMAKE_INSTALL_PREFIX}/lib/systemd/user"
  "=earshotd" "=${bindir}/earshotd")

# The example with the model's place spelled out; /etc's copy is the administrator's and written once.
set(model "earshot.safetensors")
set(folders "${datadir}/earshot")
if(NOT EXISTS "$ENV{DESTDIR}/etc/earshot/earshot.toml")
  list(APPEND folders /etc/earshot)
endif()
foreach(folder IN LISTS folders)
  install_with(config/earshot.toml "${folder}" "\"${model}\"" "\"${datadir}/earshot/${model}\"")
endforeach()
