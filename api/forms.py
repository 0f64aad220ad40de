"""Bodies of more than one kind are validated by the view, not by its signature."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from api import pointers
from api.refusals import FormRefused

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], members: Any) -> Model:
    """*members* as *model*; raises :class:`FormRefused`."""
    try:
        return model.model_validate(members)
    except ValidationError as error:
        raise of_validation(error) from None


def of_validation(error: ValidationError) -> FormRefused:
    """What pydantic refuses, without a word of the input."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return FormRefused([pointers.told(one) for one in found])
