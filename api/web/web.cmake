# The documentation page: the viewer from npm, pinned by package-lock.json (version and hash), is
# installed into the build folder and embedded beside our own two files. Scripts of packages never run.
find_program(NPM npm REQUIRED)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)

set(WEB ${CMAKE_CURRENT_LIST_DIR})
set(WEB_BUILD ${CMAKE_BINARY_DIR}/web)
set(VIEWER ${WEB_BUILD}/node_modules/swagger-ui-dist)
set(VIEWER_FILES ${VIEWER}/swagger-ui.css ${VIEWER}/swagger-ui-bundle.js ${VIEWER}/favicon-32x32.png)
file(MAKE_DIRECTORY ${WEB_BUILD})

add_custom_command(OUTPUT ${VIEWER_FILES}
    COMMAND ${CMAKE_COMMAND} -E copy ${WEB}/package.json ${WEB}/package-lock.json ${WEB_BUILD}
    COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --no-update-notifier --silent
    COMMAND ${CMAKE_COMMAND} -E touch ${VIEWER_FILES}
    WORKING_DIRECTORY ${WEB_BUILD}
    DEPENDS ${WEB}/package.json ${WEB}/package-lock.json VERBATIM)

add_executable(embed-web ${WEB}/embed.c)
target_link_libraries(embed-web PRIVATE clinicd_warnings PkgConfig::ZLIB)
add_custom_command(OUTPUT ${GEN}/web_assets.c
    COMMAND embed-web --out ${GEN}/web_assets.c ${WEB}/index.html ${WEB}/init.js ${VIEWER_FILES}
    DEPENDS embed-web ${WEB}/index.html ${WEB}/init.js ${VIEWER_FILES} VERBATIM)
set(WEB_SOURCES ${GEN}/web_assets.c)
