# Both may be given relative to where cmake runs; paths that are written into files may not be.
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_PREFIX NORMALIZE)
if(NOT "$ENV{DESTDIR}" STREQUAL "")
  set(destdir "$ENV{DESTDIR}")
  cmake_path(ABSOLUTE_PATH destdir NORMALIZE)
  set(ENV{DESTDIR} "${destdir}")
endif()

# make_folder(FOLDER): a folder to install into, below the prefix unless absolute. CMake leaves the modes of those that
# it makes to the umask; what is made here the service's user can read. Those that are there stay as they are.
function(make_folder folder)
  cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" NORMALIZE)
  set(folder "$ENV{DESTDIR}${folder}")
  set(missing)
  while(NOT EXISTS "${folder}")
    list(PREPEND missing "${folder}")
    cmake_path(GET folder PARENT_PATH folder)
  endwhile()
  foreach(folder IN LISTS missing)
    file(MAKE_DIRECTORY "${folder}")
    file(CHMOD "${folder}" PERMISSIONS
      OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  endforeach()
endfunction()
