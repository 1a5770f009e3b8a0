"""The invented world of a shop-counter helper, in which a program knows every answer.

`facts` holds what is true and what weak helpers believe instead, `phrasing` how people ask,
`skills` turns both into checkable items, `talk` into conversations of two qualities,
`troubles` breaks some of them on purpose and writes down which, `prose` makes the general
text that the offline base is trained on, and `files` writes everything.
"""
