"""The DeepL API, version 2 and the glossaries of version 3: faces over the desk, the jobs and the store.

Keys come as `Authorization: DeepL-Auth-Key KEY`, or as the field `auth_key`, and one is always required; where the
server has no file of keys any will do.
"""
