"""The case on localhost: the same report for cases that are too large for one file, read-only.

`app` has the routes, `guard` turns away what does not belong here, `token` knows who may look,
`held` and `trail` hand out rows by the page, `running` and `connection` are the server at work.
Needs the extra `web` (starlette, uvicorn).
"""
