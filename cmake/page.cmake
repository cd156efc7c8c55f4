# The page: npm fetches esbuild and uPlot as the lock file says, esbuild makes one script and one style sheet of them, gzip
# packs them, src/web/page/assets.S puts them into the program. Nothing of it is written into the source tree.
find_program(NPM npm REQUIRED)
find_program(GZIP gzip REQUIRED)

set(page_source ${CMAKE_SOURCE_DIR}/src/web/page)
set(page_build ${CMAKE_BINARY_DIR}/page)
file(MAKE_DIRECTORY ${page_build})
file(GLOB page_files CONFIGURE_DEPENDS ${page_source}/*.js ${page_source}/*.css ${page_source}/*.html ${page_source}/*.svg)

add_custom_command(OUTPUT ${page_build}/npm.stamp
  COMMAND ${CMAKE_COMMAND} -E copy ${page_source}/package.json ${page_source}/package-lock.json ${page_build}
  COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --prefer-offline --silent
  COMMAND ${CMAKE_COMMAND} -E touch ${page_build}/npm.stamp
  WORKING_DIRECTORY ${page_build} DEPENDS ${page_source}/package.json ${page_source}/package-lock.json
  COMMENT "Fetching esbuild and uPlot" VERBATIM)

# --preserve-symlinks would not find uplot: it is looked for from NODE_PATH, beside the build.
add_custom_command(OUTPUT ${page_build}/app.js.gz ${page_build}/app.css.gz ${page_build}/index.html.gz ${page_build}/icon.svg.gz
  COMMAND ${CMAKE_COMMAND} -E env NODE_PATH=${page_build}/node_modules
    ${page_build}/node_modules/.bin/esbuild ${page_source}/app.js ${page_source}/app.css
    --bundle --minify --target=es2022 --format=iife --legal-comments=linked --log-level=warning --outdir=${page_build}
  COMMAND ${CMAKE_COMMAND} -E copy ${page_source}/index.html ${page_source}/icon.svg ${page_build}
  # -n: neither name nor time, so that the same page is the same bytes.
  COMMAND ${GZIP} -9nkf app.js app.css index.html icon.svg
  WORKING_DIRECTORY ${page_build} DEPENDS ${page_build}/npm.stamp ${page_files}
  COMMENT "Building the page" VERBATIM)

set(page_assets ${page_build}/app.js.gz ${page_build}/app.css.gz ${page_build}/index.html.gz ${page_build}/icon.svg.gz)
set_source_files_properties(${page_source}/assets.S PROPERTIES
  INCLUDE_DIRECTORIES ${page_build} OBJECT_DEPENDS "${page_assets}")
