"""Routes of the merchant's rules, behind the admin's login."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from api.routes.dependencies import AdminLoginDep, PreviewPagesDep, RulesAdminDep
from api.schemas.rules import ListedRule, Preview, PreviewRequest, RuleChanges, RuleDraft, Rules
from api.web.admin_login import BASIC
from api.web.errors import refusals
from api.web.rate_limit import name_client

REFUSALS: dict[int | str, dict[str, Any]] = refusals(401, 404, 422, 429, 503)


async def require_admin(request: Request, login: AdminLoginDep) -> str:
    """Return the name of the admin who asks."""
    client = name_client(request.client.host) if request.client else ""
    return login.require(request.headers.get("authorization"), client)


AdminDep = Annotated[str, Depends(require_admin)]
RuleIdPath = Annotated[int, Path(ge=1, le=2**63 - 1)]

router = APIRouter(
    prefix="/admin", tags=["admin"], dependencies=[Depends(BASIC), Depends(require_admin)], responses=REFUSALS
)


@router.get("/rules")
async def get_rules(admin: RulesAdminDep) -> Rules:
    """List all rules, those that are over too."""
    return await admin.list_rules()


@router.post("/rules", status_code=201, responses=refusals(409, 413))
async def post_rule(admin: RulesAdminDep, name: AdminDep, draft: RuleDraft) -> ListedRule:
    """Make a rule, which holds at once if its dates say so. What contradicts another rule is refused."""
    return await admin.create(draft, name)


@router.get("/rules/changes")
async def get_rule_changes(admin: RulesAdminDep) -> RuleChanges:
    """List who changed which rule, when, and how."""
    return await admin.list_changes()


@router.put("/rules/{rule_id}", responses=refusals(409, 413))
async def put_rule(admin: RulesAdminDep, name: AdminDep, rule_id: RuleIdPath, draft: RuleDraft) -> ListedRule:
    """Change a rule into another."""
    return await admin.replace(rule_id, draft, name)


@router.delete("/rules/{rule_id}", status_code=204)
async def delete_rule(admin: RulesAdminDep, name: AdminDep, rule_id: RuleIdPath) -> Response:
    """Delete a rule. What was noted of it stays."""
    await admin.delete(rule_id, name)
    return Response(status_code=204)


@router.post("/preview", responses=refusals(413))
async def post_preview(pages: PreviewPagesDep, request: PreviewRequest) -> Preview:
    """Show a shopper's homepage as it is, as a compared alias would make it, and with a rule that is only tried out."""
    return await pages.preview(request)
