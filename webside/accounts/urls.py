"""Pages about accounts that allauth does not bring."""

app_name = "accounts"
urlpatterns: list = []
